import { send } from '/tahan/client.js';

// Likes without leaving the page, tried again while the server is busy, counted once; without this script, or when it fails, the form is sent as usual.
for (const form of document.querySelectorAll('[data-like]')) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = form.querySelector('button');
    const body = new URLSearchParams(new FormData(form, button));
    button.disabled = true;
    try {
      const response = await send(form.action, { body, headers: { accept: 'application/json' } });
      if (!response.ok) throw new Error(String(response.status));
      const { liked, likes } = await response.json();
      button.value = liked ? '0' : '1';
      button.setAttribute('aria-pressed', String(liked));
      form.querySelector('[data-like-label]').textContent = liked ? 'Liked' : 'Like';
      form.querySelector('[data-like-count]').textContent = likes.toLocaleString('en-GB');
      button.disabled = false;
      button.focus();
    } catch {
      button.disabled = false;
      const choice = document.createElement('input');
      Object.assign(choice, { type: 'hidden', name: button.name, value: button.value });
      form.append(choice);
      form.submit();
    }
  });
}
