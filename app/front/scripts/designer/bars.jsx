/* Above and below the picture: what to do, what has happened, what is wrong. */
import { useEffect, useRef, useState } from "preact/hooks";

import { list } from "./document.js";
import { Button, Icon, Tool } from "./inputs.jsx";
import { named, t } from "./words.js";

export function Bar({ store, actions }) {
  const { view } = store;
  return (
    <div class="dr-bar" role="toolbar" aria-label={t("tools")}>
      <div class="btn-group" role="group" aria-label={t("view")}>
        {["picture", "text"].map((each) => (
          <button type="button" class={`btn btn-outline-secondary${view === each ? " active" : ""}`} aria-pressed={String(view === each)}
            onClick={() => actions.show(each)}>{t(`view ${each}`)}</button>
        ))}
      </div>
      {view === "picture" && (
        <>
          <Tool icon="arrow-back-up" label={t("undo")} off={!store.past.length} onClick={() => store.undo()} />
          <Tool icon="arrow-forward-up" label={t("redo")} off={!store.future.length} onClick={() => store.redo()} />
          <Button icon="plus" onClick={actions.state}>{t("new_state")}</Button>
          <Button icon="topology-star-3" onClick={actions.arrange}>{t("arrange")}</Button>
          <Tool icon="zoom-in" label={t("closer")} onClick={() => actions.zoom(1.25)} />
          <Tool icon="zoom-out" label={t("farther")} onClick={() => actions.zoom(0.8)} />
          <Tool icon="maximize" label={t("whole")} onClick={actions.fit} />
        </>
      )}
      <div class="dr-end">
        <span role="status">{said(store)}</span>
        <Button look="primary" icon="device-floppy" disabled={store.waiting} onClick={actions.save}>{t("save")}</Button>
      </div>
    </div>
  );
}

function said(store) {
  if (store.waiting) return t("saving");
  if (store.dirty || store.typing) return t("unsaved");
  return store.notice?.kind === "saved" ? t("saved_at", { time: store.notice.at }) : t("all_saved");
}

export function Notice({ store, server }) {
  const { notice } = store;
  const place = useRef(null);
  const kind = notice?.kind;
  useEffect(() => {
    if (kind === "conflict" || kind === "refused" || kind === "kept") place.current?.focus();
  }, [notice]);
  if (!kind || kind === "saved") return null;
  const close = () => store.tell({ notice: null });
  return (
    <div class={`flash flash-${kind === "kept" ? "info" : "bad"} dr-notice`} role="alert" tabindex="-1" ref={place}>
      <Icon name={kind === "kept" ? "history" : "alert-circle"} />
      <div>
        {kind === "kept" && <Kept notice={notice} store={store} server={server} />}
        {kind === "refused" && <Refused notice={notice} close={close} />}
        {kind === "conflict" && <Conflict notice={notice} store={store} server={server} />}
      </div>
    </div>
  );
}

function Kept({ notice: { kept }, store, server }) {
  const time = new Date(kept.at).toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
  const drop = () => {
    server.forget();
    store.tell({ notice: null });
  };
  return (
    <>
      <p>{t("kept", { time })}</p>
      <Button look="primary" onClick={() => server.restore(kept)}>{t("restore")}</Button>
      <Button onClick={drop}>{t("discard")}</Button>
    </>
  );
}

function Refused({ notice, close }) {
  return (
    <>
      <p>{t("refused")}</p>
      <ul>{notice.problems.map((each) => <li>{each}</li>)}</ul>
      <Button onClick={close}>{t("close")}</Button>
    </>
  );
}

/* Nothing of the other is written over before it was read. */
function Conflict({ notice, store, server }) {
  return (
    <>
      <p><strong>{notice.text}</strong></p>
      <p>{t("they_changed")}</p>
      <ul class="dr-changes">{notice.changes.map((each) => <li>{each}</li>)}</ul>
      {notice.lost.length > 0 && (
        <details><summary>{t("would_be_lost")}</summary><ul class="dr-changes">{notice.lost.map((each) => <li>{each}</li>)}</ul></details>
      )}
      <Button look="primary" onClick={() => server.take(notice)}>{t("take_theirs")}</Button>
      <Button look="outline-danger" onClick={() => server.save(notice.version)}>{t("keep_mine")}</Button>
      <Button onClick={() => store.tell({ notice: null })}>{t("later")}</Button>
    </>
  );
}

/* --- what the checker says ---------------------------------------------------------------------- */

export function Findings({ store, canvas }) {
  const { findings } = store;
  const errors = findings.filter((each) => each.level === "error").length;
  const [open, unfold] = useState(true);
  const go = (each) => {
    store.select(each.part, each.index, { focus: true });
    const key = each.part === "states" ? each.key : [list(store.doc, "transitions")[each.index]?.from ?? []].flat()[0];
    if (each.part === "states" || each.part === "transitions") canvas()?.show(key);
  };
  const fine = store.checked ? t("nothing_found") : t("checking");
  const head = findings.length ? t("found", { errors, warnings: findings.length - errors }) : fine;
  return (
    <section class="dr-findings" aria-label={t("check")}>
      <button type="button" class="btn dr-findings-head" aria-expanded={String(open)} onClick={() => unfold(!open)}>
        <Icon name={errors ? "alert-circle" : findings.length ? "info-circle" : "circle-check"} /><span role="status">{head}</span>
      </button>
      {open && findings.length > 0 && (
        <ul>
          {findings.map((each) => (
            <li class={`is-${each.level}`}>
              <button type="button" class="btn" onClick={() => go(each)} disabled={!each.part}>
                <Icon name={each.level === "error" ? "alert-circle" : "info-circle"} />
                <span><span class="visually-hidden">{t(each.level)}</span> {each.text} <small>{each.hint}</small></span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/* What any state allows would be an arrow from everywhere: it is told in a corner instead. */
export function Everywhere({ store }) {
  const steps = list(store.doc, "transitions").map((one, index) => ({ one, index })).filter(({ one }) => one.from === "*");
  if (!steps.length) return null;
  const goal = (one) => (one.to ? ` → ${named(list(store.doc, "states").find((state) => state.key === one.to) ?? { key: one.to })}` : "");
  const chosen = store.selected?.part === "transitions" ? store.selected.index : -1;
  return (
    <div class="dr-everywhere">
      <p>{t("in_every_state")}</p>
      {steps.map(({ one, index }) => (
        <button type="button" class={`btn dr-link${index === chosen ? " is-chosen" : ""}`} onClick={() => store.select("transitions", index)}>
          {named(one)}{goal(one)}
        </button>
      ))}
    </div>
  );
}
