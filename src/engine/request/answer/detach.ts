import type { ServerResponse } from 'node:http';

const silent = (): void => {};

/**
 * Takes the response away from the site, which may still be working on it after the engine has answered: what it
 * does to the response from now on has no effect and raises nothing.
 * @param onEnd the site has ended the answer that nobody gets
 */
export function detach(response: ServerResponse, onEnd: () => void = silent): void {
  response.on('error', silent);
  Object.assign(response, {
    writeHead: () => response,
    setHeader: () => response,
    setHeaders: () => response,
    appendHeader: () => response,
    removeHeader: silent,
    flushHeaders: silent,
    addTrailers: silent,
    writeContinue: silent,
    writeProcessing: silent,
    writeEarlyHints: silent,
    writeInformation: silent,
    destroy: () => response,
    write: () => true,
    end() {
      onEnd();
      return response;
    },
  });
}
