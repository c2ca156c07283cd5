namespace Dfss.Testing;

/// <summary>What becomes of one request to a fake engine.</summary>
public enum FakeS3Fault
{
    /// <summary>It is answered.</summary>
    None,

    /// <summary>Carried out; then the connection is closed without an answer.</summary>
    LosesAnswer,

    /// <summary>Not carried out; the connection is closed.</summary>
    LosesRequest,

    /// <summary>Not carried out: 409, another writer is at it.</summary>
    Conflict,

    /// <summary>Not carried out: 500.</summary>
    InternalError,

    /// <summary>Not carried out: 403, the bucket's quota is reached.</summary>
    QuotaExceeded,

    /// <summary>Not carried out and not answered; the connection stays open.</summary>
    Hangs,

    /// <summary>Carried out; half of the answer's body is sent, and the connection stays open.</summary>
    HangsInBody,

    /// <summary>Carried out; half of the answer's body is sent, and the connection is closed.</summary>
    CutsBody,

    /// <summary>Carried out; a byte of the answer's body is changed on its way, each time another one.</summary>
    FlipsByte,

    /// <summary>Carried out; the first byte of the answer's body is changed on its way.</summary>
    FlipsFirstByte,
}
