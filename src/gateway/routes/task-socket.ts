/** `GET /ws`: what happens to tasks, as it happens. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Clock } from '../../base/clock.js';
import type { Logger } from '../../base/logger.js';
import { TASK_EVENTS, type TaskEventName } from '../../protocol/task.js';
import type { TaskQueue } from '../../tasks/task-queue.js';
import type { Routes } from '../server.js';
import { SocketClient } from '../socket-client.js';
import { TaskEventFeed } from '../task-event-feed.js';
import { TaskListFeed } from '../task-list-feed.js';
import { list, oneOf } from '../task-query.js';
import type { WebSockets } from '../web-sockets.js';

export interface TaskSocketParts {
  readonly tasks: TaskQueue;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly webSockets: WebSockets;
}

/**
 * Text frames, of the tasks that the caller may see. Without a query: the array of all tasks (the newest 10,000), as
 * `GET /api/tasks` gives it, and a newline; at once, and at most ten times a second when something has changed.
 * `?format=events`: one `TaskEventReport` for each change from now on, `&types=task_completed,...` only of those kinds; a
 * client that stays more than 1,000 events behind is closed with 3008. What clients send is not looked at.
 *
 * A page, which cannot set header fields, sends its key as a subprotocol: `new WebSocket(url, ['gollama', 'bearer.<key>'])`.
 */
export function taskSocketRoutes(parts: TaskSocketParts): Routes {
  return (server: FastifyInstance) => {
    const { tasks, clock, webSockets } = parts;
    const lists = new TaskListFeed(parts);
    const events = new TaskEventFeed(clock);
    const stopListening = tasks.events.subscribe((event) => {
      events.tell(event);
      lists.changed(event.task.owner);
    });
    server.addHook('onClose', (_server, done) => {
      stopListening();
      done();
    });

    server.get('/ws', { exposeHeadRoute: false }, (request, reply) => {
      if (!webSockets.isUpgrade(request)) {
        return reply.code(400).type('text/plain; charset=utf-8').send('Bad Request\n');
      }
      const names = eventNames(request);
      const visitor = request.caller;
      const accepted = webSockets.accept(request, reply);
      if (!accepted) return reply;
      const client: SocketClient = new SocketClient(accepted.socket, clock, {
        onDrain: () => {
          if (!names) lists.drained(visitor, client);
        },
        onClose: () => (names ? events.remove(client) : lists.remove(visitor, client)),
      });
      if (names) events.add(client, visitor, names);
      else lists.add(visitor, client);
      return reply;
    });
  };
}

/** Undefined where whole lists are asked for. Throws `invalid_request`. */
function eventNames(request: FastifyRequest): ReadonlySet<TaskEventName> | undefined {
  const { searchParams } = new URL(request.url, 'http://localhost');
  const format = oneOf(['tasks', 'events'], searchParams.get('format') || 'tasks', 'format');
  const names = list(searchParams, 'types').map((name) => oneOf(TASK_EVENTS, name, 'types'));
  return format === 'events' ? new Set(names) : undefined;
}
