// Asks for a token, which stays in this tab until it is closed.

import { useState } from "preact/hooks";
import { isLoggedIn, list, login } from "../searching";

export function Login() {
  const [secret, setSecret] = useState("");
  const failed = list.value.progress.value.failed;
  const submit = (event: Event) => {
    event.preventDefault();
    if (secret.trim()) login(secret.trim());
  };
  return (
    <section class="greeting">
      <h2>A token is needed</h2>
      <form class="login" onSubmit={submit}>
        <input type="text" name="username" autocomplete="username" value="aggregator" hidden readOnly />
        <label>Token <input type="password" name="token" autocomplete="current-password" value={secret} onInput={(event) => setSecret(event.currentTarget.value)} autofocus /></label>
        <button type="submit" class="main">Read logs</button>
      </form>
      {isLoggedIn() && failed && <p class="problem" role="alert">{failed.message}. {failed.cure}</p>}
      <p class="quiet">One with the scope <code>read</code>, and with <code>operate</code> for all of the status panel: <code>aggregator token new --name me --scope read,operate</code> makes one.
        It stays in this tab until that is closed, and goes to this service alone.</p>
    </section>
  );
}
