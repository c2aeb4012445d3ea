from aiohttp import web


async def show_page(request: web.Request) -> web.Response:
    return web.Response()
