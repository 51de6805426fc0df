import { send } from '/tahan/client.js';

// Shows the preview beneath the text instead of on a page of its own.
const form = document.querySelector('[data-editor]');
const pane = document.querySelector('[data-preview]');
const button = form?.querySelector('[data-preview-button]');
button?.addEventListener('click', async (event) => {
  event.preventDefault();
  const body = new URLSearchParams({ _csrf: form.elements._csrf.value, markdown: form.elements.markdown.value });
  pane.setAttribute('aria-busy', 'true');
  try {
    const response = await send('/editor/preview', { body, headers: { accept: 'application/json' } });
    const answer = await response.json();
    // The server has sanitised the HTML; the text of an error is set as text.
    if (response.ok) pane.innerHTML = answer.html || '<p>There is nothing to preview yet.</p>';
    else pane.textContent = answer.detail;
  } catch {
    pane.textContent = 'The preview could not be loaded. Please try again.';
  }
  pane.removeAttribute('aria-busy');
  pane.scrollIntoView({ block: 'nearest' });
});
