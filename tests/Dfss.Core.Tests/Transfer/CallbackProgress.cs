using Dfss.Transfer;

namespace Dfss.Tests.Transfer;

/// <summary>Progress told at once, on the thread that made it (unlike <see cref="Progress{T}"/>).</summary>
internal sealed class CallbackProgress(Action<TransferProgress> callback) : IProgress<TransferProgress>
{
    public void Report(TransferProgress value) => callback(value);
}
