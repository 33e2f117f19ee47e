// Puts the page's HTML where it belongs, passes clicks on, and says so when nothing has come for a while.
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  const place = root.querySelector(".place");
  const focused = parentElement.activeElement?.dataset?.act;
  place.innerHTML = data.html;
  root.classList.toggle("may-answer", data.may_answer);
  root.classList.remove("cut-off");
  root.cameAt = performance.now();
  if (focused) place.querySelector(`[data-act="${CSS.escape(focused)}"]`)?.focus();

  // The page is drawn anew every second, perhaps between press and release: the two are matched by what they mean.
  const act = (event) => event.target.closest("[data-act]")?.dataset.act;
  root.onpointerdown = (event) => { root.pressed = act(event); };
  root.onpointerup = (event) => {
    if (act(event) && act(event) === root.pressed) setTriggerValue("act", root.pressed);
    root.pressed = null;
  };
  root.onkeydown = (event) => { if (event.key === "Enter" && act(event)) setTriggerValue("act", act(event)); };

  const look = setInterval(() => {
    root.classList.toggle("cut-off", performance.now() - root.cameAt > data.late_after_ms);
  }, 250);
  return () => clearInterval(look);
}
