/** The site's work for the thread pool: each export is a task, called by its name. */
export { labBurn } from '../features/lab/task.ts';
export {
  changePassword,
  changePasswordSlowly,
  endOtherSessions,
  endSession,
  register,
  signIn,
  signInSlowly,
  signOut,
  updateProfile,
} from './account.ts';
export { activityChart, activityCsvChunk, recordActivity } from './activity.ts';
export { removeAnnouncement, saveAnnouncement } from './announcements.ts';
export { likePost, unlikePost } from './likes.ts';
export {
  deletePost,
  pinPost,
  publishDue,
  publishPost,
  renderMarkdown,
  savePost,
  schedulePost,
  sitemapPosts,
  unpublishPost,
} from './posts.ts';
