import { notices } from '../../http/notices.ts';

/** What the editor's pages say after a write. */
export const editorNotice = notices({
  draft: 'The draft was saved. Nobody else can read it.',
  scheduled: 'The post is scheduled and will be published by itself.',
  deleted: 'The post was deleted.',
  announced: 'The announcement is on every member’s dashboard.',
  removed: 'The announcement was removed.',
});
