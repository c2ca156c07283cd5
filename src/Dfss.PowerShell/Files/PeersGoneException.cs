namespace Dfss.Commands;

/// <summary>Ends the work on all files: the peers cannot be reached.</summary>
internal sealed class PeersGoneException(FileWork file, DfssException failure) : Exception(failure.Message, failure)
{
    internal FileWork File => file;

    internal DfssException Failure => failure;
}
