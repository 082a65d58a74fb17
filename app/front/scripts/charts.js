/* Charts: loaded only by the pages that draw some. */
