/** What the calls of one kind add to the signer. */
import type { Hono } from 'hono'
import type { SignerOptions } from '../options.ts'
import type { Env } from '../request-context.ts'
import type { Origins } from '../respond.ts'
import type { SignerServices } from '../services.ts'

export type AddRoutes = (app: Hono<Env>, services: SignerServices, origins: Origins, options: SignerOptions) => void
