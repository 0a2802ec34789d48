// What went wrong in a part of the page, what to do about it, and a way to try again.

import type { Failure } from "../api";

export function Trouble({ failed, what, retry }: { failed: Failure; what: string; retry: () => void }) {
  return (
    <div class="trouble" role="alert">
      <p><strong>{what}</strong> {failed.message}{/[.!?]$/.test(failed.message) ? "" : "."} {failed.cure}</p>
      <button type="button" onClick={retry}>Try again</button>
    </div>
  );
}
