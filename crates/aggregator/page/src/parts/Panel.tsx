// What lies over the page until it is closed.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { panel } from "../state";

export function Panel({ title, children }: { title: string; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog ref={dialog} class="panel" aria-labelledby="panel-title" onClose={() => (panel.value = null)}
      onClick={(event) => event.target === dialog.current && (panel.value = null)}>
      <div class="inside">
        <header><h2 id="panel-title">{title}</h2><button type="button" aria-label="Close" onClick={() => (panel.value = null)}>×</button></header>
        {children}
      </div>
    </dialog>
  );
}
