"""Nobody reads, changes or deletes what is somebody else's, whatever is done in whatever order."""

from itertools import count
from typing import Any, ClassVar
from uuid import uuid4

import httpx2
from attrs import define, evolve, field
from hypothesis import Phase
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from settings import Settings
from tests.contract_checks import events
from tests.guests import CONVERSATIONS, QUESTION, save
from tests.live import AUTH, PASSWORD, Live, Serve, new_email

LIMIT = 3  # conversations that a user keeps
WHO = st.integers(0, 3)  # two readers with accounts, a guest, nobody
WHICH = st.integers(0, 11)  # of the ids that there are, or one that is gone
BRIEFLY = hypothesis_settings(
    max_examples=14, stateful_step_count=40, deadline=None, phases=[Phase.generate, Phase.shrink]
)
PASSWORDS = [PASSWORD, "difference engine 1822"]


@define
class Kept:
    """A conversation as it must be."""

    title: str
    touched: int
    exchanges: list[dict[str, Any]] = field(factory=list)


@define(eq=False)
class Someone:
    """What a reader owns, as it must be; a session may have ended: then its token goes along."""

    email: str | None = None
    password: str = PASSWORD
    user_id: str = ""  # without one there is no such user
    token: str = ""
    is_in: bool = False
    kept: dict[str, Kept] = field(factory=dict)
    asked: list[str] = field(factory=list)  # message ids

    @property
    def newest(self) -> list[str]:
        return sorted(self.kept, key=lambda i: self.kept[i].touched, reverse=True)

    def prune(self) -> None:
        self.kept = {i: self.kept[i] for i in self.newest[:LIMIT]}

    def leave(self) -> None:
        self.user_id, self.is_in, self.kept, self.asked = "", False, {}, []


class Readers(RuleBasedStateMachine):
    """Every operation of the contract by anybody, with ids of anybody, against what must be."""

    live: ClassVar[Live]

    def __init__(self) -> None:
        super().__init__()
        self.clock = count()
        self.ada, self.eve, self.guest = Someone(new_email()), Someone(new_email()), Someone()
        self.everybody = [self.ada, self.eve, self.guest, Someone()]
        self.gone, self.cursors = str(uuid4()), [""]
        for account in (self.ada, self.eve):
            self.begin(account)
        self.come_as_guest()
        for who in range(3):
            self.ask(who=who, streams=False, which=None, label=None)

    def conversation(self, which: int) -> str:
        """One of anybody's, or one that is gone."""
        known = [*(i for someone in self.everybody for i in someone.newest), self.gone]
        return known[which % len(known)]

    def message(self, which: int) -> str:
        known = [i for someone in self.everybody for i in someone.asked] + [self.gone]
        return known[which % len(known)]

    def send(
        self, who: Someone, method: str, path: str, expected: int, json: object = None, **query: Any
    ) -> httpx2.Response:
        """The response, which is a refusal wherever a session has ended."""
        headers = {"Authorization": f"Bearer {who.token}"} if who.token else {}
        response = self.live.client.request(
            method, path, json=json, headers=headers, params=query or None
        )
        wanted = 401 if who.token and not who.is_in else expected
        assert response.status_code == wanted, (method, path, response.text)
        return response

    def begin(self, account: Someone) -> None:
        """An account, which is new, and a session of it."""
        account.user_id = self.live.register(str(account.email)).json()["id"]
        account.password = PASSWORD
        self.sign_in(account, {})

    def sign_in(self, account: Someone, headers: dict[str, str]) -> None:
        opened = self.live.login(str(account.email), account.password, **headers)
        assert opened.status_code == 200, opened.text
        account.token, account.is_in = opened.json()["access_token"], True

    @rule()
    def come_as_guest(self) -> None:
        """In the place of the guest before, who may have gone."""
        opened = self.live.guest()
        self.guest.leave()
        self.guest.user_id, self.guest.token, self.guest.is_in = opened.user_id, opened.token, True

    @rule(account=st.booleans(), brings_guest=st.booleans())
    def log_in(self, *, account: bool, brings_guest: bool) -> None:
        """Again; what the guest has asked follows, if the guest's session is sent along."""
        owner = self.ada if account else self.eve
        headers = {}
        if brings_guest and self.guest.is_in:
            headers = {"Authorization": f"Bearer {self.guest.token}"}
            owner.kept |= self.guest.kept
            owner.asked += self.guest.asked
            owner.prune()
            self.guest.leave()
        self.sign_in(owner, headers)

    @rule(who=WHO)
    def log_out(self, who: int) -> None:
        someone = self.everybody[who]
        self.send(someone, "POST", f"{AUTH}/logout", 204 if someone.token else 401)
        someone.is_in = False

    @rule(who=WHO)
    def see_session(self, who: int) -> None:
        someone = self.everybody[who]
        seen = self.send(someone, "GET", f"{AUTH}/session", 200 if someone.token else 401)
        if someone.is_in:
            assert seen.json()["user_id"] == someone.user_id
            assert seen.json()["email"] == someone.email

    @rule(who=WHO, knows=st.booleans())
    def change_password(self, *, who: int, knows: bool) -> None:
        someone = self.everybody[who]
        old, new = sorted(PASSWORDS, key=lambda p: (p == someone.password) != knows)
        expected = 403 if not (knows and someone.email) else 204
        body = {"current_password": old, "new_password": new}
        self.send(someone, "PUT", f"{AUTH}/password", expected if someone.token else 401, body)
        if someone.is_in and expected == 204:
            someone.password = new

    @rule(who=WHO, sure=st.integers(0, 2))
    def delete_account(self, who: int, sure: int) -> None:
        """An account begins anew at once, and has nothing."""
        someone = self.everybody[who]
        if sure == 0:
            self.send(someone, "DELETE", f"{AUTH}/account", 204 if someone.token else 401)
            if someone.is_in:
                someone.leave()
                if someone.email:
                    self.begin(someone)

    @rule(who=WHO)
    def export(self, who: int) -> None:
        someone = self.everybody[who]
        reply = self.send(someone, "GET", f"{AUTH}/account", 200 if someone.token else 401).json()
        if someone.is_in:
            assert reply["account"]["user_id"] == someone.user_id
            assert [c["conversation_id"] for c in reply["conversations"]] == someone.newest
            for conversation in reply["conversations"]:
                self.compare(someone, conversation)
            asked = [interaction["message_id"] for interaction in reply["interactions"]]
            assert asked == sorted(someone.asked)

    @rule(who=WHO, streams=st.booleans(), which=st.none() | WHICH, label=st.none() | WHO)
    def ask(self, *, who: int, streams: bool, which: int | None, label: int | None) -> None:
        """In any conversation, and under any name."""
        someone = self.everybody[who]
        conversation_id = None if which is None else self.conversation(which)
        name = None if label is None else self.everybody[label].user_id or "nobody"
        body: dict[str, Any] = {"message": {"content": QUESTION}}
        body |= {"conversation_id": conversation_id}
        body["message"] |= {"user_id": name} if name else {}
        is_theirs = conversation_id is None or conversation_id in someone.kept
        expected = 200 if is_theirs else 404
        if someone.is_in and name and name != someone.user_id:
            expected = 403
        path = "/api/v1/chat/stream" if streams else "/api/v1/chat"
        response = self.send(someone, "POST", path, expected, body)
        if response.status_code == 200:
            told = events(response.content)[0] if streams else response.json()
            message_id = told["message_id"] if streams else told["response"]["message_id"]
            assert (told["conversation_id"] is None) == (not someone.is_in)
            if someone.is_in:
                someone.asked.append(message_id)
                self.keep(someone, told["conversation_id"], QUESTION, message_id)

    def keep(
        self, owner: Someone, conversation_id: str, query: str, message_id: str | None
    ) -> None:
        kept = owner.kept.setdefault(conversation_id, Kept(query, 0))
        kept.touched = next(self.clock)
        kept.exchanges.append({"query": query, "message_id": message_id, "rating": None})
        owner.prune()

    @rule(whose=WHO, which=st.none() | WHICH)
    def save(self, whose: int, which: int | None) -> None:
        """By a program of the site, for any reader."""
        owner = self.everybody[whose]
        conversation_id = None if which is None else self.conversation(which)
        query = f"saved {next(self.clock)}"
        body = {"user_id": owner.user_id or str(uuid4()), "query": query, "response": "So."}
        response = save(self.live, body | {"conversation_id": conversation_id})
        is_theirs = conversation_id is None or conversation_id in owner.kept
        assert response.status_code == (201 if owner.user_id and is_theirs else 404), response.text
        if response.status_code == 201:
            self.keep(owner, response.json()["id"], query, None)

    @rule(who=WHO, limit=st.integers(1, 3), cursor=st.integers(0, 3))
    def page(self, who: int, limit: int, cursor: int) -> None:
        """From a cursor of anybody."""
        someone = self.everybody[who]
        before = self.cursors[-1 - cursor :][0]
        query = {"limit": limit} | ({"before": before} if before else {})
        response = self.send(
            someone, "GET", CONVERSATIONS, 200 if someone.token else 401, **query
        ).json()
        if someone.is_in:
            self.cursors += [response["next"]] if response["next"] else []
            shown = [item["conversation_id"] for item in response["items"]]
            assert shown == [i for i in someone.newest if i in shown]
            assert before or shown == someone.newest[:limit]

    @rule(who=WHO, which=WHICH)
    def read(self, who: int, which: int) -> None:
        someone, conversation_id = self.everybody[who], self.conversation(which)
        response = self.touch(someone, "GET", conversation_id, 200)
        if response.status_code == 200:
            self.compare(someone, response.json())

    @rule(who=WHO, which=WHICH)
    def rename(self, who: int, which: int) -> None:
        someone, conversation_id = self.everybody[who], self.conversation(which)
        title = {"title": f"title {next(self.clock)}"}
        if self.touch(someone, "PATCH", conversation_id, 200, title).status_code == 200:
            someone.kept[conversation_id].title = title["title"]

    @rule(who=WHO, which=WHICH)
    def delete(self, who: int, which: int) -> None:
        someone, conversation_id = self.everybody[who], self.conversation(which)
        if self.touch(someone, "DELETE", conversation_id, 204).status_code == 204:
            del someone.kept[conversation_id]
            self.gone = conversation_id

    def touch(
        self, who: Someone, method: str, conversation_id: str, done: int, json: object = None
    ) -> httpx2.Response:
        expected = 401 if not who.token else done if conversation_id in who.kept else 404
        return self.send(who, method, f"{CONVERSATIONS}/{conversation_id}", expected, json)

    @rule(who=WHO, which=WHICH, rating=st.sampled_from(["positive", "negative"]))
    def judge(self, who: int, which: int, rating: str) -> None:
        someone, message_id = self.everybody[who], self.message(which)
        theirs = [e for kept in someone.kept.values() for e in kept.exchanges]
        found = [exchange for exchange in theirs if exchange["message_id"] == message_id]
        expected = 401 if not someone.token else 204 if found else 404
        path = f"/api/v1/messages/{message_id}/feedback"
        response = self.send(someone, "PUT", path, expected, {"rating": rating})
        if response.status_code == 204:
            found[0]["rating"] = rating

    def compare(self, owner: Someone, told: dict[str, Any]) -> None:
        kept = owner.kept[told["conversation_id"]]
        exchanges = [(e["query"], e["rating"]) for e in told["exchanges"]]
        assert exchanges == [(e["query"], e["rating"]) for e in kept.exchanges]
        assert told["title"] == kept.title

    @invariant()
    def everybody_finds_what_is_theirs(self) -> None:
        for someone in self.everybody[:3]:
            if someone.is_in:
                page = self.send(someone, "GET", CONVERSATIONS, 200).json()
                kept = [(i, someone.kept[i]) for i in someone.newest]
                assert [
                    (item["conversation_id"], item["title"], item["exchange_count"])
                    for item in page["items"]
                ] == [(i, k.title, len(k.exchanges)) for i, k in kept]


def test_two_readers_a_guest_and_nobody_never_meet(serve: Serve, settings: Settings) -> None:
    """Each reads, changes and deletes exactly what is theirs; no step fails on our side."""

    class Meeting(Readers):
        live = serve(evolve(settings, history_limit=LIMIT))

    run_state_machine_as_test(Meeting, settings=BRIEFLY)
