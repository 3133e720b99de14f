%% A gateway on OTP's diameter, driven by lines on standard input (see ../README.md).
%%
%% usage: erl -noshell -pa DIR -run gateway main HOST PORT SERVER-REALM
-module(gateway).
-export([main/1]).
-export([peer_up/3, peer_down/3, pick_peer/4, prepare_request/3, prepare_retransmit/3,
         handle_answer/4, handle_error/4, handle_request/3]).

-include_lib("diameter/include/diameter.hrl").

-define(HOST, "pgw.erlang.test").
-define(REALM, "erlang.test").

main([Host, Port, Realm]) ->
    true = register(driver, self()),
    ok = diameter:start(),
    ok = diameter:start_service(gy, [
        {'Origin-Host', ?HOST}, {'Origin-Realm', ?REALM}, {'Vendor-Id', 0},
        {'Product-Name', "otp-gateway"}, {'Auth-Application-Id', [4]},
        {decode_format, map}, {string_decode, false}, {restrict_connections, false},
        {application, [{alias, cc}, {dictionary, gyro_credit_control}, {module, ?MODULE},
                       {answer_errors, callback}]}]),
    {ok, Address} = inet:parse_address(Host),
    {ok, _} = diameter:add_transport(gy, {connect, [
        {transport_module, diameter_tcp},
        {transport_config, [{raddr, Address}, {rport, list_to_integer(Port)}, {ip, {127, 0, 0, 1}}]}]}),
    receive up -> ok after 20000 -> halt(2) end,
    io:format("ready~n"),
    loop(list_to_binary(Realm)),
    diameter:stop_service(gy),
    io:format("bye~n"),
    halt(0).

loop(Realm) ->
    case io:get_line("") of
        eof -> ok;
        Line ->
            case string:lexemes(Line, " \n") of
                [] -> loop(Realm);
                ["quit" | _] -> ok;
                ["ccr" | Words] -> io:format("~s~n", [call(Words, Realm)]), loop(Realm)
            end
    end.

call(Words, Realm) ->
    Pairs = [list_to_tuple(string:split(Word, "=")) || Word <- Words, lists:member($=, Word)],
    Field = fun(Name) -> proplists:get_value(Name, Pairs) end,
    Unit = counter(proplists:get_value("unit", Pairs, "421")),
    Type = list_to_integer(Field("type")),
    Base = #{'Session-Id' => iolist_to_binary([?HOST, ";", Field("session")]),
             'Destination-Realm' => Realm,
             'Auth-Application-Id' => 4,
             'Service-Context-Id' => list_to_binary(Field("context")),
             'CC-Request-Type' => Type,
             'CC-Request-Number' => list_to_integer(Field("number")),
             'Subscription-Id' => [#{'Subscription-Id-Type' => 0,
                                     'Subscription-Id-Data' => list_to_binary(Field("msisdn"))}],
             'Service-Information' => [called(Called) || {"called", Called} <- Pairs],
             'Multiple-Services-Credit-Control' => [mscc(Value, Unit, Field("refund")) || {"mscc", Value} <- Pairs]},
    Extra = case Type of
        4 -> #{'Requested-Action' => [list_to_integer(proplists:get_value("action", Pairs, "0"))]};
        3 -> #{'Termination-Cause' => [1], 'Multiple-Services-Indicator' => [1]};
        _ -> #{'Multiple-Services-Indicator' => [1]}
    end,
    case diameter:call(gy, cc, ['CCR' | maps:merge(Base, Extra)], [{timeout, 10000}]) of
        {ok, Answer} -> answer(Answer, Unit);
        {error, timeout} -> "cca none";
        Other -> io_lib:format("cca error ~0p", [Other])
    end.

counter("420") -> 'CC-Time';
counter("421") -> 'CC-Total-Octets';
counter("417") -> 'CC-Service-Specific-Units'.

called(Called) ->
    #{'IMS-Information' => [#{'Role-Of-Node' => [0], 'Node-Functionality' => 6,
                              'Called-Party-Address' => [list_to_binary(Called)]}]}.

mscc(Text, Unit, Token) ->
    [Group, Ask, Used] = string:split(Text, ":", all),
    maps:from_list(
        [{'Refund-Information', [binary:decode_hex(list_to_binary(Token))]} || Token =/= undefined] ++
        [{'Rating-Group', [list_to_integer(Group)]} || Group =/= "-"] ++
        [{'Requested-Service-Unit', [asked(Ask, Unit)]} || Ask =/= "-"] ++
        [{'Used-Service-Unit', [#{Unit => [list_to_integer(Used)]}]} || Used =/= "-"]).

asked("ask", _) -> #{};
asked(Number, Unit) -> #{Unit => [list_to_integer(Number)]}.

answer(#diameter_packet{errors = [_ | _] = Errors}, _) ->
    io_lib:format("cca faults ~0p", [Errors]);
answer(#diameter_packet{msg = Msg}, Unit) ->
    Answer = case Msg of [_ | Map] -> Map; Map -> Map end,
    Words = [["result=", shown(value('Result-Code', Answer))],
             [" type=", shown(value('CC-Request-Type', Answer))],
             [" number=", shown(value('CC-Request-Number', Answer))]],
    Parts = [[" mscc=", lists:join(":", [shown(Value) || Value <- part(Part, Unit)]), token(Part)]
             || Part <- maps:get('Multiple-Services-Credit-Control', Answer, [])],
    ["cca ", Words, Parts, check(value('Check-Balance-Result', Answer)), cost(value('Cost-Information', Answer))].

token(Part) ->
    case value('Refund-Information', Part) of
        none -> [];
        Token -> [" refund=", string:lowercase(binary:encode_hex(iolist_to_binary(Token)))]
    end.

check(none) -> [];
check(Result) -> [" check=", shown(Result)].

cost(none) -> [];
cost(Cost) ->
    Value = value('Unit-Value', Cost),
    [" cost=", shown(value('Value-Digits', Value)), "e", shown(value('Exponent', Value))].

part(Part, Unit) ->
    Grant = value('Granted-Service-Unit', Part),
    Final = value('Final-Unit-Indication', Part),
    [value('Rating-Group', Part), value('Result-Code', Part),
     if is_map(Grant) -> value(Unit, Grant); true -> none end,
     value('Validity-Time', Part),
     if is_map(Final) -> value('Final-Unit-Action', Final); true -> none end].

value(Name, Map) ->
    case maps:get(Name, Map, none) of
        [Value] -> Value;
        [] -> none;
        Value -> Value
    end.

shown(none) -> "-";
shown(Number) -> integer_to_list(Number).

%% diameter_app callbacks
peer_up(_, _, State) -> driver ! up, State.
peer_down(_, _, State) -> State.
pick_peer([Peer | _], _, _, _) -> {ok, Peer};
pick_peer([], _, _, _) -> false.
prepare_request(#diameter_packet{msg = [Name | Map]}, _, {_, Caps}) ->
    #diameter_caps{origin_host = {Host, _}, origin_realm = {Realm, _}} = Caps,
    {send, [Name | Map#{'Origin-Host' => Host, 'Origin-Realm' => Realm}]}.
prepare_retransmit(Packet, Service, Peer) -> prepare_request(Packet, Service, Peer).
handle_answer(Packet, _, _, _) -> {ok, Packet}.
handle_error(Reason, _, _, _) -> {error, Reason}.

%% a RAR is answered with 2002 (what follows is asked for by a line), an ASR with 2001
handle_request(#diameter_packet{msg = ['RAR' | Request], errors = []}, _, {_, Caps}) ->
    io:format("asked rar session=~s type=~s group=~s~n",
              [session(Request), shown(value('Re-Auth-Request-Type', Request)), shown(value('Rating-Group', Request))]),
    {reply, ['RAA' | reply(2002, Request, Caps)]};
handle_request(#diameter_packet{msg = ['ASR' | Request], errors = []}, _, {_, Caps}) ->
    io:format("asked asr session=~s~n", [session(Request)]),
    {reply, ['ASA' | reply(2001, Request, Caps)]};
handle_request(#diameter_packet{errors = Errors}, _, _) ->
    io:format("asked faults ~0p~n", [Errors]),
    {answer_message, 5012}.

session(#{'Session-Id' := Id}) ->
    string:prefix(iolist_to_binary(Id), [?HOST, ";"]).

reply(Code, #{'Session-Id' := Id}, #diameter_caps{origin_host = {Host, _}, origin_realm = {Realm, _}}) ->
    #{'Session-Id' => Id, 'Result-Code' => Code, 'Origin-Host' => Host, 'Origin-Realm' => Realm}.
