import { defineHandler } from 'nitro/h3';

export default defineHandler(() => new Promise((resolve) => setTimeout(resolve, 100, 'slow')));
