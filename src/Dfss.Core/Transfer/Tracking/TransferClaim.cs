namespace Dfss.Transfer;

/// <summary>
/// An interrupted transfer that a command of this process starts again. The next transfer of this process that is the
/// same takes its journal. Dispose the claim when the command has ended: if the transfer has not begun, it is
/// interrupted as before. Safe for concurrent use.
/// </summary>
public sealed class TransferClaim : IDisposable
{
    private readonly Action release;

    internal TransferClaim(TransferDescription description, Action release)
    {
        Description = description;
        this.release = release;
    }

    /// <summary>The transfer, as its journal describes it.</summary>
    public TransferDescription Description { get; }

    /// <inheritdoc/>
    public void Dispose() => release();
}
