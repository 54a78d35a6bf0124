import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * Lets a client keep a response, which it has to ask about each time.
 * @param tag names the content of the response
 * @returns whether the client has it already: then 304 is to be sent
 */
export function hasAlready(request: FastifyRequest, reply: FastifyReply, tag: string): boolean {
  reply.header('ETag', `"${tag}"`).header('Cache-Control', 'private, no-cache');
  const known = request.headers['if-none-match']?.split(',') ?? [];
  return known.some((one) => one.trim().replace(/^W\//, '') === `"${tag}"`);
}
