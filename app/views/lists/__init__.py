"""One mechanism for every list: the ledgers, and the lists that people work from.

A list is a ``Listing`` (listing.py) with a key. What its address asks for is read into a ``Query``,
checked; ``frame.open_`` adds the saved views and what the reader last chose, and the macros of
``lists.html`` draw search, filters, order, views and pages around the rows.
"""
