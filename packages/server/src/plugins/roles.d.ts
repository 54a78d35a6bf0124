import 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call the route. */
    role?: 'viewer' | 'operator' | 'admin';
  }
}
