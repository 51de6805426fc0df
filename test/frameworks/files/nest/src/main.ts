import 'reflect-metadata';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { Controller, Get, Header, Headers, HttpCode, Module, Post, Req, Res, Sse } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { WsAdapter } from '@nestjs/platform-ws';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { interval, map, take } from 'rxjs';

@Controller()
class Pages {
  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  main() {
    return '<h1>Main page</h1>';
  }

  @Get('cookie')
  cookie(@Headers('cookie') cookie: string | undefined, @Res({ passthrough: true }) response: ServerResponse) {
    response.setHeader('set-cookie', ['session=1; Path=/; HttpOnly', 'seen=1']);
    return cookie ?? 'none';
  }

  @Post('upload')
  @HttpCode(200)
  async upload(@Req() request: IncomingMessage) {
    let bytes = 0;
    for await (const part of request) bytes += (part as Buffer).length;
    return String(bytes);
  }

  @Sse('stream')
  stream() {
    return interval(50).pipe(
      take(3),
      map((data) => ({ data: String(data) })),
    );
  }

  @Get('slow')
  async slow() {
    await wait(100);
    return 'slow';
  }

  @Get('pid')
  pid() {
    return String(process.pid);
  }
}

@WebSocketGateway({ path: '/live' })
class Live {
  @SubscribeMessage('word')
  word(@MessageBody() word: string) {
    return { event: 'word', data: word };
  }
}

@Module({ controllers: [Pages], providers: [Live] })
class App {}

const app = await NestFactory.create(App, { logger: ['error', 'warn'] });
app.useWebSocketAdapter(new WsAdapter(app));
app.enableShutdownHooks();
await app.listen(process.env.PORT ?? 3000);
