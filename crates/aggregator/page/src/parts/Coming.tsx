// How the live tail is, and what waits to be shown.

import { live, showWaiting, toggleLive, waiting } from "../live";

export function Coming() {
  const { state, told, left } = live.value;
  const count = waiting.value.length;
  const said = {
    off: "", connecting: "Connecting…", on: count || left ? "Paused while you read." : "Live: new records come by themselves.",
    lost: "The connection is lost: trying again…", refused: "There is no live view.",
  }[state];
  return (
    <div class={`coming ${state}`}>
      <span role="status"><span class="sign" aria-hidden="true" /> {said} {told}</span>
      {(count > 0 || left > 0) && (
        <button type="button" class="main" onClick={showWaiting}>
          {count > 0 && `${count.toLocaleString()} new`}{left > 0 && `${count ? ", " : ""}${left.toLocaleString()} left out`}
        </button>
      )}
      <button type="button" onClick={toggleLive}>{state === "refused" ? "Close" : "End"}</button>
    </div>
  );
}
