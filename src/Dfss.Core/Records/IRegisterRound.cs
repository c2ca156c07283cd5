namespace Dfss.Records;

/// <summary>
/// One change or one read of one name, without I/O: it returns requests for members and takes their answers. One thread
/// at a time. After every event a driver asks <see cref="NextFor"/> for each member until it returns null, sends the
/// requests, and reports each request once, with the same object: its answer, or that there was none (connection lost,
/// time-out, an error, a member whose store is unknown). Once <see cref="IsFinished"/>, further requests of
/// <see cref="NextFor"/> are decisions to spread: they may be lost, and the caller need not wait for them.
/// </summary>
internal interface IRegisterRound
{
    /// <summary>The name.</summary>
    string Name { get; }

    /// <summary>n: the members are 0 to n - 1, in the order of the home.</summary>
    int MemberCount { get; }

    /// <summary>
    /// 1 at first, and one more for each new ballot or repeated step. After each rise beyond 2 the driver waits a
    /// random and growing time before it asks again: the rise to 2 usually only finds the current counter, later ones
    /// are contention or members that cannot be reached.
    /// </summary>
    int Round { get; }

    /// <summary>Whether the outcome is known.</summary>
    bool IsFinished { get; }

    /// <summary>The request to send to a member now; null for none.</summary>
    RegisterRequest? NextFor(int member);

    /// <summary>Reports an answer. One to a request that no longer matters is ignored.</summary>
    void OnAnswer(int member, RegisterRequest request, RegisterAnswer answer);

    /// <summary>Reports that no answer came. The member is asked again in a later round.</summary>
    void OnUnavailable(int member, RegisterRequest request);

    /// <summary>Ends the round now, with the answers so far. No effect once finished.</summary>
    void GiveUp();
}
