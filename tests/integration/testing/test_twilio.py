"""A stand-in of Twilio."""

from __future__ import annotations

import time

import aiohttp

from vedette.testing.twilio import Twilio, running_twilio


async def text(twilio: Twilio, token: str = "", **form: str) -> tuple[int, dict[str, object]]:
    async with aiohttp.ClientSession() as http:
        url = f"{twilio.base_url}/2010-04-01/Accounts/{twilio.account_sid}/Messages.json"
        auth = aiohttp.encode_basic_auth(twilio.account_sid, token or twilio.auth_token)
        async with http.post(url, data=form, headers={"Authorization": auth}) as response:
            return response.status, await response.json()


async def listed(twilio: Twilio, **query: str) -> list[dict[str, object]]:
    async with aiohttp.ClientSession() as http:
        url = f"{twilio.base_url}/2010-04-01/Accounts/{twilio.account_sid}/Messages.json"
        auth = aiohttp.encode_basic_auth(twilio.account_sid, twilio.auth_token)
        async with http.get(url, params=query, headers={"Authorization": auth}) as response:
            messages: list[dict[str, object]] = (await response.json())["messages"]
            return messages


async def test_twilio_takes_and_lists_messages() -> None:
    async with running_twilio() as twilio:
        status, answer = await text(twilio, To="+14155550100", From="+14155550199", Body="down")
        assert (status, answer["status"], answer["date_sent"]) == (201, "queued", None)
        await text(twilio, To="+14155550101", MessagingServiceSid="MG1", Body="other")
        today, tomorrow = (
            time.strftime("%Y-%m-%d", time.gmtime(time.time() + day * 86400)) for day in (0, 1)
        )
        found = await listed(twilio, To="+14155550100", **{"DateSent>": today})
        assert [(m["sid"], m["body"]) for m in found] == [(answer["sid"], "down")]
        assert await listed(twilio, **{"DateSent>": tomorrow}) == []
        assert [m.body for m in twilio.messages] == ["down", "other"]


async def test_twilio_says_no_as_twilio_does() -> None:
    async with running_twilio() as twilio:
        good = {"To": "+14155550100", "From": "+14155550199", "Body": "down"}
        for change, code in (({"To": "12"}, 21211), ({"Body": ""}, 21602), ({"From": ""}, 21603)):
            status, answer = await text(twilio, **{**good, **change})
            assert (status, answer["status"], answer["code"]) == (400, 400, code)
        assert await text(twilio, "wrong", **good) == (
            401,
            await failure(20003, 401, "Authenticate"),
        )
        twilio.failing = 429
        status, answer = await text(twilio, **good)
        assert (status, answer["code"]) == (429, 20429)
        assert twilio.messages == []


async def failure(code: int, status: int, message: str) -> dict[str, object]:
    url = f"https://www.twilio.com/docs/errors/{code}"
    return {"code": code, "message": message, "more_info": url, "status": status}
