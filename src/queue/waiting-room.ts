/**
 * Where tickets wait: on every route one line for each caller. A caller who may hold no further lease is passed over
 * with its whole line, however long that is. It knows the order of the tickets; limits and slots are the scheduler's.
 */
import { goesBefore, type Ordered, PriorityQueue } from './priority-queue.js';
import type { Ticket } from './ticket.js';

/** The tickets of one caller on one route; its place among the lines is that of its first ticket. */
class Line implements Ordered {
  readonly route: string;
  readonly caller: string;
  readonly tickets = new PriorityQueue<Ticket>();

  constructor(route: string, caller: string) {
    this.route = route;
    this.caller = caller;
  }

  get priority(): number {
    return this.tickets.first?.priority ?? Number.NEGATIVE_INFINITY;
  }

  get sequence(): number {
    return this.tickets.first?.sequence ?? Number.POSITIVE_INFINITY;
  }
}

interface Route {
  readonly lines: Map<string, Line>;
  /** The lines that were not set aside. */
  readonly open: PriorityQueue<Line>;
  waiting: number;
}

export class WaitingRoom {
  readonly #tickets = new Set<Ticket>();
  readonly #routes = new Map<string, Route>();
  /** By caller. */
  readonly #aside = new Map<string, Set<Line>>();
  #sizeBytes = 0;
  #durable = 0;

  get size(): number {
    return this.#tickets.size;
  }

  /** How many of them are durable. */
  get durable(): number {
    return this.#durable;
  }

  /** Bytes that the waiting tickets hold. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  has(ticket: Ticket): boolean {
    return this.#tickets.has(ticket);
  }

  /** In no particular order. */
  tickets(): IterableIterator<Ticket> {
    return this.#tickets.values();
  }

  /** Routes on which somebody waits. */
  routes(): string[] {
    return [...this.#routes.keys()];
  }

  waitingOn(route: string): number {
    return this.#routes.get(route)?.waiting ?? 0;
  }

  /** In no particular order. */
  ticketsOn(route: string): Ticket[] {
    const lines = this.#routes.get(route)?.lines.values() ?? [];
    return [...lines].flatMap((line) => [...line.tickets.values()]);
  }

  /** 1 for the ticket of its route that goes first; lines that are set aside count. */
  position(ticket: Ticket): number {
    let ahead = 0;
    for (const line of this.#routes.get(ticket.route)?.lines.values() ?? []) {
      for (const other of line.tickets.values()) if (goesBefore(other, ticket)) ahead += 1;
    }
    return ahead + 1;
  }

  add(ticket: Ticket): void {
    if (this.#tickets.has(ticket)) throw new Error(`ticket ${ticket.sequence} waits already`);
    const route = this.#routeOf(ticket);
    const line = lineOf(route, ticket);
    const firstBefore = line.tickets.first;
    line.tickets.push(ticket);
    route.waiting += 1;
    this.#tickets.add(ticket);
    this.#sizeBytes += ticket.sizeBytes;
    if (ticket.durable) this.#durable += 1;
    if (line.tickets.first !== firstBefore) this.#open(route, line);
  }

  /** False where it does not wait. */
  remove(ticket: Ticket): boolean {
    if (!this.#tickets.delete(ticket)) return false;
    this.#sizeBytes -= ticket.sizeBytes;
    if (ticket.durable) this.#durable -= 1;
    const route = this.#routeOf(ticket);
    const line = lineOf(route, ticket);
    const wasFirst = line.tickets.first === ticket;
    line.tickets.remove(ticket);
    route.waiting -= 1;
    if (line.tickets.size === 0) this.#drop(route, line);
    else if (wasFirst) this.#open(route, line);
    return true;
  }

  /** Of all lines that are not set aside, on all routes but those: the ticket that goes first. */
  first(routesPassedOver: ReadonlySet<string>): Ticket | undefined {
    let first: Ticket | undefined;
    for (const [name, { open }] of this.#routes) {
      const ticket = open.first?.tickets.first;
      if (ticket === undefined || routesPassedOver.has(name)) continue;
      if (first === undefined || goesBefore(ticket, first)) first = ticket;
    }
    return first;
  }

  /**
   * Takes the line that begins with this ticket out of `first`, until its caller is brought back or it begins with
   * another ticket.
   */
  setAside(ticket: Ticket): void {
    const route = this.#routeOf(ticket);
    const line = lineOf(route, ticket);
    route.open.remove(line);
    const lines = this.#aside.get(ticket.caller);
    if (lines === undefined) this.#aside.set(ticket.caller, new Set([line]));
    else lines.add(line);
  }

  /** All lines of the caller, on all routes. */
  bringBack(caller: string): void {
    for (const line of this.#aside.get(caller) ?? []) this.#open(this.#routeOf(line), line);
  }

  /** Puts a line where its first ticket belongs. */
  #open(route: Route, line: Line): void {
    this.#takeOut(route, line);
    route.open.push(line);
  }

  /** Empty lines and routes are dropped, so that names that were asked for once do not stay for ever. */
  #drop(route: Route, line: Line): void {
    this.#takeOut(route, line);
    route.lines.delete(line.caller);
    if (route.lines.size === 0) this.#routes.delete(line.route);
  }

  #takeOut(route: Route, line: Line): void {
    route.open.remove(line);
    const aside = this.#aside.get(line.caller);
    aside?.delete(line);
    if (aside?.size === 0) this.#aside.delete(line.caller);
  }

  #routeOf(entry: { readonly route: string }): Route {
    let route = this.#routes.get(entry.route);
    if (route === undefined) {
      route = { lines: new Map(), open: new PriorityQueue(), waiting: 0 };
      this.#routes.set(entry.route, route);
    }
    return route;
  }
}

function lineOf(route: Route, ticket: Ticket): Line {
  let line = route.lines.get(ticket.caller);
  if (line === undefined) {
    line = new Line(ticket.route, ticket.caller);
    route.lines.set(ticket.caller, line);
  }
  return line;
}
