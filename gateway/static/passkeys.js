// Asks the browser for a passkey, and sends what it says with the form around the button.
{
  const asked = async ({ dataset, form }) => {
    if (dataset.options) return JSON.parse(dataset.options);
    const answer = await fetch(dataset.optionsUrl, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
    return answer.json();
  };

  const hand = async (button) => {
    const { form } = button;
    const making = button.dataset.passkey == "create";
    if (!form.reportValidity()) return;
    const failed = form.querySelector("[data-passkey-failed]");
    failed.hidden = button.disabled = true;
    try {
      const options = await asked(button);
      const credential = making
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
      form.elements.credential.value = JSON.stringify(credential);
      form.submit();
    } catch {
      failed.hidden = false;
    }
    button.disabled = false;
  };

  for (const button of document.querySelectorAll("[data-passkey]")) {
    button.addEventListener("click", () => hand(button));
    button.form.addEventListener("submit", (event) => {
      event.preventDefault();
      hand(button);
    });
  }
}
