/** The tools of a response, as chat completions and Ollama write them. Of all the kinds that OpenAI has, functions alone. Pure. */
import { isJsonObject, type JsonObject } from '../../protocol/json-object.js';
import { invalid } from './invalid.js';

/** `{"type":"function","name",...}` as `{"type":"function","function":{"name",...}}`. */
export function chatTools(tools: readonly unknown[]): JsonObject[] {
  return tools.map((tool, at) => {
    const { type, name, description, parameters, strict } = isJsonObject(tool) ? tool : {};
    if (type !== 'function') {
      throw invalid(`tools[${at}].type`, `must be function: engines run no other tools, got ${JSON.stringify(type)}`);
    }
    if (typeof name !== 'string' || name === '') throw invalid(`tools[${at}].name`, 'must be a string');
    const given = { description, parameters, strict };
    const members = Object.entries(given).filter(([, value]) => value !== undefined && value !== null);
    return { type: 'function', function: { name, ...Object.fromEntries(members) } };
  });
}

export function chatToolChoice(choice: unknown): { tool_choice?: unknown } {
  if (choice === undefined || choice === null) return {};
  if (choice === 'auto' || choice === 'none' || choice === 'required') return { tool_choice: choice };
  if (isJsonObject(choice) && choice.type === 'function' && typeof choice.name === 'string') {
    return { tool_choice: { type: 'function', function: { name: choice.name } } };
  }
  throw invalid('tool_choice', 'must be auto, none, required or {"type":"function","name":...}');
}
