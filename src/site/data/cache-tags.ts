/** Cache tags of the site's pages: pages carry them in `Cache-Tag`, tasks name them in `purge`. */

/** The home page. */
export const HOME_TAG = 'home';
/** Whatever lists posts: list, search, feed, sitemap. */
export const POSTS_TAG = 'posts';
/** Whatever lists members. */
export const MEMBERS_TAG = 'members';
/** The page of one post. */
export const postTag = (postId: number): string => `post-${postId}`;
/** The list of the posts under one tag; encoded, as a header holds ASCII only. */
export const tagTag = (name: string): string => `tag-${encodeURIComponent(name)}`;
/** The profile of one user. */
export const userTag = (userId: number): string => `user-${userId}`;
