"""A gateway on python-diameter, driven by lines on standard input (see ../README.md).

usage: gateway.py HOST PORT SERVER-HOST SERVER-REALM
"""

import datetime
import logging
import sys

from diameter.message import constants
from diameter.message.commands import AbortSessionRequest, CreditControlRequest, ReAuthRequest
from diameter.message.avp.grouped import (
    ImsInformation,
    MultipleServicesCreditControl,
    RequestedServiceUnit,
    ServiceInformation,
    SubscriptionId,
    UsedServiceUnit,
)
from diameter.node import Node
from diameter.node.application import SimpleThreadingApplication

ORIGIN, REALM = "pgw.python.test", "python.test"
COUNTERS = {"420": "cc_time", "421": "cc_total_octets", "417": "cc_service_specific_units"}


def mscc_of(text, counter, token):
    group, ask, used = text.split(":")
    mscc = MultipleServicesCreditControl()
    if token:
        mscc.refund_information = bytes.fromhex(token)
    if group != "-":
        mscc.rating_group = int(group)
    if ask != "-":
        mscc.requested_service_unit = RequestedServiceUnit()
        if ask != "ask":
            setattr(mscc.requested_service_unit, counter, int(ask))
    if used != "-":
        unit = UsedServiceUnit()
        setattr(unit, counter, int(used))
        mscc.used_service_unit = [unit]
    return mscc


def request_of(words, server_realm):
    named = [word.split("=", 1) for word in words if "=" in word]
    field = dict(named)
    counter = COUNTERS[field.get("unit", "421")]
    ccr = CreditControlRequest()
    ccr.header.is_retransmit = "t" in words
    ccr.session_id = f"{ORIGIN};{field['session']}"
    ccr.origin_host = ORIGIN.encode()
    ccr.origin_realm = REALM.encode()
    ccr.destination_realm = server_realm.encode()
    ccr.auth_application_id = constants.APP_DIAMETER_CREDIT_CONTROL_APPLICATION
    ccr.service_context_id = field["context"]
    ccr.cc_request_type = int(field["type"])
    ccr.cc_request_number = int(field["number"])
    ccr.event_timestamp = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    ccr.subscription_id = [SubscriptionId(subscription_id_type=0, subscription_id_data=field["msisdn"])]
    if field["type"] == "4":
        ccr.requested_action = int(field.get("action", "0"))
    else:
        ccr.multiple_services_indicator = 1
    if field["type"] == "3":
        ccr.termination_cause = 1
    token = field.get("refund")
    ccr.multiple_services_credit_control = [mscc_of(value, counter, token) for name, value in named if name == "mscc"]
    if "called" in field:
        information = ImsInformation(node_functionality=6, role_of_node=0, called_party_address=field["called"])
        ccr.service_information = ServiceInformation(ims_information=information)
    return ccr, counter


def shown(value):
    return "-" if value is None else str(value)


def line_of(cca, counter):
    words = [f"result={shown(cca.result_code)}", f"type={shown(cca.cc_request_type)}", f"number={shown(cca.cc_request_number)}"]
    for mscc in cca.multiple_services_credit_control:
        grant = mscc.granted_service_unit
        final = mscc.final_unit_indication
        parts = [
            mscc.rating_group,
            mscc.result_code,
            getattr(grant, counter, None) if grant else None,
            mscc.validity_time,
            final.final_unit_action if final else None,
        ]
        words.append("mscc=" + ":".join(shown(part) for part in parts))
        if mscc.refund_information:
            words.append("refund=" + mscc.refund_information.hex())
    if cca.check_balance_result is not None:
        words.append(f"check={cca.check_balance_result}")
    if cca.cost_information is not None:
        value = cca.cost_information.unit_value
        words.append(f"cost={value.value_digits}e{value.exponent}")
    return "cca " + " ".join(words)


def demanded(application, request):
    """Answers a RAR with 2002, what follows is asked for by a line, and an ASR with 2001."""
    session = request.session_id.removeprefix(f"{ORIGIN};")
    if isinstance(request, ReAuthRequest):
        group = request.find_avps((constants.AVP_RATING_GROUP, 0))
        group = group[0].value if group else None
        print(f"asked rar session={session} type={shown(request.re_auth_request_type)} group={shown(group)}", flush=True)
        return application.generate_answer(request, constants.E_RESULT_CODE_DIAMETER_LIMITED_SUCCESS)
    if isinstance(request, AbortSessionRequest):
        print(f"asked asr session={session}", flush=True)
        return application.generate_answer(request, constants.E_RESULT_CODE_DIAMETER_SUCCESS)
    return application.generate_answer(request, constants.E_RESULT_CODE_DIAMETER_COMMAND_UNSUPPORTED)


def main():
    host, port, server_host, server_realm = sys.argv[1:5]
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    node = Node(ORIGIN, REALM, ip_addresses=["127.0.0.1"], tcp_port=0)
    node.tcp_port = None
    peer = node.add_peer(f"aaa://{server_host}:{port};transport=tcp", server_realm, ip_addresses=[host], is_persistent=True)
    application = SimpleThreadingApplication(
        constants.APP_DIAMETER_CREDIT_CONTROL_APPLICATION, is_auth_application=True, request_handler=demanded
    )
    # what the server asks is for this realm
    node.add_application(application, [peer], realms=[REALM])
    node.start()
    application.wait_for_ready(timeout=20)
    print("ready", flush=True)
    for line in sys.stdin:
        words = line.split()
        if not words:
            continue
        if words[0] == "quit":
            break
        ccr, counter = request_of(words[1:], server_realm)
        try:
            print(line_of(application.send_request(ccr, timeout=10), counter), flush=True)
        except TimeoutError:
            print("cca none", flush=True)
    node.stop(wait_timeout=5)
    print("bye", flush=True)


main()
