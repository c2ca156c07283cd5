namespace Dfss.Testing;

/// <summary>One way to treat a peer badly.</summary>
/// <param name="Name">What it does, in words.</param>
/// <param name="AttackAsync">Does it, until the attacker is told to stop. Ends by itself, or is cancelled.</param>
internal sealed record AdversarialClient(string Name, Func<Attacker, Task> AttackAsync)
{
    /// <summary>All there are.</summary>
    public static IReadOnlyList<AdversarialClient> All
    {
        get;
    } = [.. SlowLoris.All, .. Floods.All, .. BadHandshakes.All];

    /// <summary>Whether there is nothing to attack without TLS.</summary>
    public bool NeedsTls { get; init; }

    /// <summary>Whether TLS makes no difference to it.</summary>
    public bool IsPlainOnly { get; init; }

    /// <summary>
    /// Whether its connections say hello and are let in, each of them: else it does not do what it should.
    /// </summary>
    public bool IsLetIn { get; init; }

    /// <summary>Whether it takes so long, or so much of the machine, that only longer runs have it.</summary>
    public bool IsLong { get; init; }

    public override string ToString() => Name;
}
