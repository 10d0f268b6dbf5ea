import { GollamaCommand } from '../src/cli/base-command.js';
import { Client } from '../src/client/client.js';
import type { ServerStatus } from '../src/protocol/status.js';

export default class Status extends GollamaCommand {
  static override summary = 'Show the queue and the engines of a running server';
  static override examples = [
    '<%= config.bin %> status',
    '<%= config.bin %> status --json',
    '<%= config.bin %> status --server gpu-box:8081',
  ];

  override async run(): Promise<ServerStatus> {
    const { flags } = await this.parse(Status);
    const baseUrl = this.serverUrl(flags);
    const status = await new Client({ baseUrl, apiKey: this.apiKey(flags) }).status();
    if (!this.jsonEnabled()) {
      const { statusText } = await import('../src/cli/status-text.js');
      this.log(statusText(baseUrl, status));
    }
    return status;
  }
}
