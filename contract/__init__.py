"""Executes openapi.yaml: the document is the router, and no request reaches a handler unchecked.

``Contract.routes`` binds each ``operationId`` to the handler of that name and refuses to start when
the two sets differ. A handler gets what it annotates: parameters by name (``Last-Event-ID`` is
``last_event_id``), ``body`` as an attrs class, ``reader`` as whatever the operation's security made
of the credentials. It returns a record; the operation's one 2xx status, its media type and its
constant headers come from the document. Refusals come in the order 405, 401, 415, 413, 400, 422,
the last with every violation.

The only home of yaml, jsonschema_rs and cattrs. Knows no operation by name.
"""

from contract.document import Contract, ContractMismatch, Handler, Operation, escape
from contract.endpoint import Authenticate, Reply, problem_response, routes
from contract.reading import BODY_LIMIT, NODE_LIMIT
from contract.shaping import UNSHAPED, converter

__all__ = [
    "BODY_LIMIT",
    "NODE_LIMIT",
    "UNSHAPED",
    "Authenticate",
    "Contract",
    "ContractMismatch",
    "Handler",
    "Operation",
    "Reply",
    "converter",
    "escape",
    "problem_response",
    "routes",
]
