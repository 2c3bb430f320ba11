%% The benchmarks in Erlang, as Erlang would have them: a process for each actor, state in the arguments of its loop.
%% Prints the milliseconds that the work took, those of CPU time, and what was computed.
-module(actors).
-export([main/1]).

main([Name, Load]) ->
    Work = work(Name, list_to_integer(Load)),
    {CpuBefore, _} = erlang:statistics(runtime),
    Before = erlang:monotonic_time(),
    Result = Work(),
    After = erlang:monotonic_time(),
    {CpuAfter, _} = erlang:statistics(runtime),
    Us = erlang:convert_time_unit(After - Before, native, microsecond),
    io:format("~w ~w ~w~n", [Us / 1000, CpuAfter - CpuBefore, Result]),
    init:stop().

work("ping-pong", Messages) -> fun() -> ping_pong(Messages) end;
work("thread-ring", Hops) ->
    First = ring(503, self()),
    fun() -> First ! {token, Hops}, result() end;
work("counting", Increments) -> fun() -> counting(Increments) end;
work("fib", N) -> fun() -> spawn_fib(N, self()), sum(1, 0) end;
work("create", Actors) -> fun() -> create(Actors) end;
work("big", Actors) -> fun() -> big(Actors) end.

result() -> receive {result, Result} -> Result end.

%% Two actors and one message between them.

ping_pong(Messages) ->
    Outside = self(),
    Pong = spawn(fun pong/0),
    Ping = spawn(fun() -> ping(Messages, Outside) end),
    Pong ! {ball, 1, Ping},
    result().

pong() ->
    receive {ball, Sent, From} -> From ! {ball, Sent + 1, self()}, pong() end.

ping(Messages, Outside) ->
    receive
        {ball, Sent, From} when Sent < Messages -> From ! {ball, Sent + 1, self()}, ping(Messages, Outside);
        {ball, Sent, _} -> Outside ! {result, Sent}
    end.

%% One message around a ring.

ring(Size, Outside) ->
    First = spawn(fun() -> receive {next, Next} -> member(1, Next, Outside) end end),
    Second = lists:foldl(
        fun(Number, Next) -> spawn(fun() -> member(Number, Next, Outside) end) end,
        First,
        lists:seq(Size, 2, -1)
    ),
    First ! {next, Second},
    First.

member(Number, Next, Outside) ->
    receive
        {token, 0} -> Outside ! {result, Number}, member(Number, Next, Outside);
        {token, Hops} -> Next ! {token, Hops - 1}, member(Number, Next, Outside)
    end.

%% Many messages for one actor.

counting(Increments) ->
    Outside = self(),
    Counter = spawn(fun() -> count(0) end),
    spawn(fun() -> produce(Increments, Counter, Outside) end),
    result().

produce(0, Counter, Outside) -> Counter ! {read, Outside};
produce(Increments, Counter, Outside) -> Counter ! up, produce(Increments - 1, Counter, Outside).

count(Count) ->
    receive
        up -> count(Count + 1);
        {read, ReplyTo} -> ReplyTo ! {result, Count}, count(Count)
    end.

%% An actor for each call.

spawn_fib(N, ReplyTo) -> spawn(fun() -> fib(N, ReplyTo) end).

fib(N, ReplyTo) when N =< 2 -> ReplyTo ! {sum, 1};
fib(N, ReplyTo) ->
    spawn_fib(N - 1, self()),
    spawn_fib(N - 2, self()),
    ReplyTo ! {sum, sum(2, 0)}.

sum(0, Sum) -> Sum;
sum(Missing, Sum) -> receive {sum, More} -> sum(Missing - 1, Sum + More) end.

%% Actors that are given one message.

create(Actors) ->
    Outside = self(),
    Started = atomics:new(1, []),
    spawn(fun() -> create(Actors, Actors, Started, Outside) end),
    result().

create(0, _, _, _) -> ok;
create(Left, Actors, Started, Outside) ->
    spawn(fun() -> worker(Actors, Started, Outside) end) ! go,
    create(Left - 1, Actors, Started, Outside).

worker(Actors, Started, Outside) ->
    receive
        go ->
            case atomics:add_get(Started, 1, 1) of
                Actors -> Outside ! {result, Actors};
                _ -> ok
            end
    end.

%% Each sends to all others.

big(Actors) ->
    Outside = self(),
    Peers = [spawn(fun() -> peer(Outside, 0, -1) end) || _ <- lists:seq(1, Actors)],
    [Peer ! {start, Peers} || Peer <- Peers],
    sum(Actors, 0).

peer(Outside, Pongs, Pongs) -> Outside ! {sum, Pongs}, peer(Outside, Pongs, -1);
peer(Outside, Pongs, WaitingFor) ->
    receive
        {start, Peers} ->
            [Peer ! {ping, self()} || Peer <- Peers, Peer =/= self()],
            peer(Outside, Pongs, length(Peers) - 1);
        {ping, From} -> From ! pong, peer(Outside, Pongs, WaitingFor);
        pong -> peer(Outside, Pongs + 1, WaitingFor)
    end.
