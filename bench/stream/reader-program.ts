/** The readers, in a process of their own. Ends with its parent. */

import type { ReaderOrder } from './measurement.js';
import { answerOrders } from './orders.js';
import { Readers } from './readers.js';

const readers = new Readers();
answerOrders((order: ReaderOrder) => readers.obey(order));
