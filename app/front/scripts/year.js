/* The working calendar: in the year as a picture one stop for the Tab key and arrows from day to
   day; in the form of the hours Monday's copied to the other days. */

const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7, PageUp: -30, PageDown: 30 };

const within = (index, count) => Math.min(Math.max(index, 0), count - 1);

const wire = (year) => {
  const days = [...year.querySelectorAll("a.day")];
  const first = days.findIndex((day) => day.hasAttribute("aria-current"));
  const choose = (index) => days.forEach((day, at) => { day.tabIndex = at === index ? 0 : -1; });
  choose(within(first, days.length));
  year.addEventListener("keydown", (event) => {
    const at = days.indexOf(event.target);
    const ends = { Home: 0, End: days.length - 1 };
    const next = event.key in ends ? ends[event.key] : at + (STEPS[event.key] ?? NaN);
    if (at < 0 || Number.isNaN(next) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    choose(within(next, days.length));
    days[within(next, days.length)].focus();
  });
  year.addEventListener("focusin", (event) => {
    const at = days.indexOf(event.target);
    if (at >= 0) choose(at);
  });
};

const copying = (button) => {
  const rows = [...button.form.querySelectorAll("[data-hours]")].slice(0, 5)
    .map((row) => ({ times: [...row.querySelectorAll("input")], more: row.querySelector("details") }));
  button.hidden = false;
  button.addEventListener("click", () => {
    const [monday, ...others] = rows;
    for (const row of others) {
      row.times.forEach((input, at) => { input.value = monday.times[at].value; });
      row.more.open = monday.more.open;
    }
  });
};

export const start = (root) => {
  root.querySelectorAll("[data-year]").forEach(wire);
  root.querySelectorAll("[data-copy-hours]").forEach(copying);
};
