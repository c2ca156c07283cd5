namespace Dfss.Tests.Storage.Simulation;

/// <summary>The requests to an engine.</summary>
internal enum EngineRequest
{
    Create,
    Put,
    Get,
    List,
    Delete,
}

/// <summary>How far a request is.</summary>
internal enum CallStage
{
    /// <summary>On its way; it may be lost.</summary>
    Sent,

    /// <summary>A listing that looks at its keys, one by one, in any order.</summary>
    Sampling,

    /// <summary>Carried out; the answer is on its way, and may be lost.</summary>
    Executed,
}

/// <summary>A process that may stop between any two requests, for any time or for good.</summary>
internal sealed class EngineActor
{
    private readonly TaskCompletionSource death = new();

    public bool IsDead { get; private set; }

    /// <summary>Until which event nothing reaches it, and it sends nothing.</summary>
    public int FrozenUntil { get; set; }

    /// <summary>Ends when it has stopped for good.</summary>
    public Task Death => death.Task;

    public void Kill()
    {
        IsDead = true;
        death.TrySetResult();
    }
}

/// <summary>One request of an actor.</summary>
internal sealed class EngineCall(EngineActor actor, EngineRequest request, string key, ReadOnlyMemory<byte> content)
{
    private readonly TaskCompletionSource<object?> completion = new();

    public EngineActor Actor => actor;

    public EngineRequest Request => request;

    /// <summary>Of a listing: the prefix.</summary>
    public string Key => key;

    public ReadOnlyMemory<byte> Content => content;

    public string? After { get; init; }

    public int Limit { get; init; }

    public CallStage Stage { get; set; }

    /// <summary>Until which event it is held up on its way.</summary>
    public int HeldUntil { get; set; }

    public object? Result { get; set; }

    /// <summary>Of a listing: the keys that were created or deleted since it began.</summary>
    public HashSet<string> Changed { get; } = new(StringComparer.Ordinal);

    public Task<object?> Task => completion.Task;

    public void Answer() => completion.SetResult(Result);

    public void Fail(Exception exception) => completion.SetException(exception);
}
