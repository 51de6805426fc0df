/** What a person may do: members like, editors also write and publish, admins are editors who may do all. */
export const ROLES = ['member', 'editor', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export const POST_STATUSES = ['draft', 'scheduled', 'published'] as const;
export type PostStatus = (typeof POST_STATUSES)[number];

export const ACTIVITY_KINDS = ['sign-in', 'read', 'like', 'write'] as const;
export type ActivityKind = (typeof ACTIVITY_KINDS)[number];

/** A person as everybody may see them. All times in this file are epoch ms. */
export interface User {
  id: number;
  name: string;
  displayName: string;
  role: Role;
  /** 1: everybody may read the role. */
  roleShown: 0 | 1;
  bio: string;
  createdAt: number;
}

/** Who wrote a post. */
export interface Author {
  id: number;
  name: string;
  displayName: string;
}

export interface Session {
  /** Names the session in lists and forms; it opens nothing. */
  id: number;
  userId: number;
  createdAt: number;
  lastSeenAt: number;
  expiresAt: number;
  /** First 120 characters of the browser's User-Agent. */
  userAgent: string;
}

/** A post in a list. */
export interface PostSummary {
  id: number;
  slug: string;
  title: string;
  excerpt: string;
  /** Null when the author's account was removed. */
  author: Author | null;
  status: PostStatus;
  /** When it was or will be published; null for a draft that never was. */
  publishAt: number | null;
  pinned: boolean;
  /** When the campaign ends: the countdown's target. */
  campaignEndsAt: number | null;
  likeCount: number;
  tags: string[];
  updatedAt: number;
}

export interface Post extends PostSummary {
  /** Counts saves; send it back with `savePost`, so that two editors do not overwrite each other. */
  version: number;
  createdAt: number;
  markdown: string;
  /** Rendered and sanitised. */
  html: string;
}

/** One page of a list. */
export interface Page<T> {
  items: T[];
  total: number;
  /** From 1. */
  page: number;
  /** At least 1. */
  pages: number;
}

export interface Tag {
  name: string;
  /** Published posts that carry it. */
  postCount: number;
}

export interface Announcement {
  id: number;
  title: string;
  /** Plain text. */
  text: string;
  createdAt: number;
  /** Null: stays. */
  expiresAt: number | null;
}

export interface SiteCounts {
  users: number;
  /** Published ones. */
  posts: number;
  likes: number;
}

/** One day of the activity chart. */
export interface ActivityDay {
  /** `2026-03-09`, UTC. */
  day: string;
  counts: Record<ActivityKind, number>;
}
