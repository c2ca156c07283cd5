using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>
/// Turns failures into PowerShell's error records: one table for the codes of Core, one method for the cmdlets' own.
/// </summary>
internal static class ErrorRecords
{
    /// <summary>The messages of a code that say themselves what to do: it is not said twice.</summary>
    private const string InMessage = "";

    private static readonly Dictionary<DfssErrorCode, (ErrorCategory Category, string Action)> Table = new()
    {
        [DfssErrorCode.ProtocolViolation] = (ErrorCategory.ProtocolError,
            "Check that client and peer run released versions of DFSS, and look into the peer's log."),
        [DfssErrorCode.VersionNotSupported] = (ErrorCategory.NotImplemented, InMessage),
        [DfssErrorCode.LimitExceeded] = (ErrorCategory.LimitsExceeded,
            "Use a smaller chunk size, or raise the peer's limit."),
        [DfssErrorCode.UnknownOperation] = (ErrorCategory.NotImplemented, "Update the peer."),
        [DfssErrorCode.InvalidArgument] = (ErrorCategory.InvalidArgument, InMessage),
        [DfssErrorCode.PeerUnreachable] = (ErrorCategory.ConnectionError,
            "Start the peer there (Start-DfssPeer), or name others with -Peer."),
        [DfssErrorCode.TimedOut] = (ErrorCategory.OperationTimeout,
            "Run the command again; if it goes on, look at the peer's load and at the network."),
        [DfssErrorCode.PeerBusy] = (ErrorCategory.ResourceBusy, "Wait a moment and run the command again."),
        [DfssErrorCode.NotADfssPeer] = (ErrorCategory.ConnectionError,
            "Check the port."),
        [DfssErrorCode.PeerFault] = (ErrorCategory.DeviceError,
            "Look into the peer's log, then run the command again."),
        [DfssErrorCode.FileNotFound] = (ErrorCategory.ObjectNotFound,
            "List what is stored with Get-DfssFileInfo."),
        [DfssErrorCode.FileExists] = (ErrorCategory.ResourceExists, InMessage),
        [DfssErrorCode.Conflict] = (ErrorCategory.ResourceBusy, InMessage),
        [DfssErrorCode.CommitUncertain] = (ErrorCategory.ResourceUnavailable, InMessage),
        [DfssErrorCode.NoMajority] = (ErrorCategory.ResourceUnavailable,
            "Start more of the peers that hold this name, then run the command again."),
        [DfssErrorCode.InvalidName] = (ErrorCategory.InvalidArgument, "Give a name that the rule allows with -Name."),
        [DfssErrorCode.FileChanged] = (ErrorCategory.ResourceUnavailable, InMessage),
        [DfssErrorCode.ChunkNotFound] = (ErrorCategory.ResourceUnavailable,
            "Start the peers that hold the file, or send it again."),
        [DfssErrorCode.ChunkCorrupt] = (ErrorCategory.InvalidData,
            "Send the file again from a good copy, and check the disk of the peer that the message names."),
        [DfssErrorCode.StoreFull] = (ErrorCategory.LimitsExceeded,
            "Free some space at the peer, then run the command again."),
        [DfssErrorCode.StoreFailed] = (ErrorCategory.WriteError, InMessage),
        [DfssErrorCode.StoreInUse] = (ErrorCategory.ResourceBusy, InMessage),
        [DfssErrorCode.StoreFormat] = (ErrorCategory.InvalidData, InMessage),
        [DfssErrorCode.StoreNotSupported] = (ErrorCategory.InvalidOperation, InMessage),
        [DfssErrorCode.SourceChanged] = (ErrorCategory.ResourceBusy,
            "Run the command again when nobody writes the file."),
        [DfssErrorCode.SourceUnreadable] = (ErrorCategory.ReadError,
            "Check that the file exists, is a regular file, and may be read."),
        [DfssErrorCode.DestinationExists] = (ErrorCategory.ResourceExists, InMessage),
        [DfssErrorCode.DestinationUnwritable] = (ErrorCategory.WriteError,
            "Check that the folder exists, may be written, and has space."),
        [DfssErrorCode.FileTooLarge] = (ErrorCategory.LimitsExceeded, InMessage),
        [DfssErrorCode.AddressUnavailable] = (ErrorCategory.ResourceUnavailable,
            "Use another -Port (0 takes any free one) or another -Address."),
    };

    /// <summary>The error record of a failure of Core.</summary>
    /// <param name="exception">The failure; its message is the error's.</param>
    /// <param name="target">What the error is about.</param>
    /// <param name="recommended">What to do, where the table does not know it.</param>
    internal static ErrorRecord Create(DfssException exception, object? target, string? recommended = null)
    {
        (ErrorCategory category, string action) = Table[exception.Code];
        return new ErrorRecord(exception, exception.Code.ToString(), category, target)
        {
            ErrorDetails = new ErrorDetails(exception.Message) { RecommendedAction = recommended ?? action },
        };
    }

    /// <summary>An error of the cmdlets' own.</summary>
    internal static ErrorRecord Create(
        string id, ErrorCategory category, object? target, string message, string action,
        Exception? innerException = null) =>
        new(new InvalidOperationException(message, innerException), id, category, target)
        {
            ErrorDetails = new ErrorDetails(message) { RecommendedAction = action },
        };

    /// <summary>Whether no further input can succeed either: the peers themselves cannot be spoken with.</summary>
    internal static bool IsAboutThePeers(DfssErrorCode code) =>
        code is DfssErrorCode.PeerUnreachable or DfssErrorCode.NotADfssPeer or DfssErrorCode.VersionNotSupported;
}
