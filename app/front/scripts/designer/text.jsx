/* The same draft as the text of its file. */
import { useId } from "preact/hooks";

import { Icon } from "./inputs.jsx";
import { t } from "./words.js";

export function TextView({ store }) {
  const id = useId();
  const area = () => document.getElementById(id);
  const jump = (line) => {
    const rows = store.text.split("\n");
    const from = rows.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    area().focus();
    area().setSelectionRange(from, from + (rows[line - 1] ?? "").length);
    area().scrollTop = (line - 4) * (area().scrollHeight / rows.length);
  };
  return (
    <div class="dr-text">
      {store.faults.length > 0 && (
        <div class="flash flash-bad" role="alert"><Icon name="alert-circle" /><div>
          <p>{t("text_refused")}</p>
          <ul>
            {store.faults.map((fault) => (
              <li>{fault.line ? <button type="button" class="btn btn-quiet" onClick={() => jump(fault.line)}>{t("line", { line: fault.line })}</button> : null} {fault.text}</li>
            ))}
          </ul>
        </div></div>
      )}
      <label for={id}>{t("text_label")}</label>
      <textarea class="form-control" id={id} spellcheck={false} value={store.text} aria-describedby={`${id}-help`}
        onInput={(event) => store.tell({ text: event.target.value })} />
      <p class="form-text" id={`${id}-help`}>{t("text_help")}</p>
    </div>
  );
}
