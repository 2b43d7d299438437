import time
from tests.routes.test_memory import *
def test_x(slow):
    guest=Guest(slow)
    for _ in range(3):
        t=time.time()
        with speaking(guest) as (c,_):
            print("spoke", time.time()-t)
        print("left", time.time()-t)
        t=time.time(); guest.ids(); print("list", time.time()-t)
        t=time.time(); guest.ids(); print("list", time.time()-t)
        t=time.time(); guest.ask(conversation_id=c); print("ask", time.time()-t)
