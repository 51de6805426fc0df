// Ticks the countdown that the server has written; without this script it stands still, but is right.
for (const countdown of document.querySelectorAll('[data-countdown]')) {
  const end = Date.parse(countdown.dataset.countdown);
  const digits = new Map(
    [...countdown.querySelectorAll('[data-unit]')].map((element) => [element.dataset.unit, element]),
  );
  const two = (value) => String(value).padStart(2, '0');
  const show = (unit, text) => {
    const element = digits.get(unit);
    if (element && element.textContent !== text) element.textContent = text;
  };
  const tick = () => {
    const left = Math.max(0, end - Date.now());
    const seconds = Math.floor(left / 1000);
    show('days', String(Math.floor(seconds / 86_400)));
    show('hours', two(Math.floor(seconds / 3_600) % 24));
    show('minutes', two(Math.floor(seconds / 60) % 60));
    show('seconds', two(seconds % 60));
    if (left > 0) setTimeout(tick, 1_000 - (Date.now() % 1_000));
    else countdown.querySelector('.countdown-label').textContent = 'This campaign has ended';
  };
  tick();
}
