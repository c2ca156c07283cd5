using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>Turns failures into PowerShell's error records: one table for the codes of Core, one method for the cmdlets' own.</summary>
internal static class ErrorRecords
{
    private static readonly Dictionary<DfssErrorCode, (ErrorCategory Category, string Action)> Table = new()
    {
        [DfssErrorCode.ProtocolViolation] = (
            ErrorCategory.ProtocolError, "Check that client and peer run released versions of DFSS, and look into the peer's log."),
        [DfssErrorCode.VersionNotSupported] = (ErrorCategory.NotImplemented, "Update the older of client and peer."),
        [DfssErrorCode.LimitExceeded] = (ErrorCategory.LimitsExceeded, "Use a smaller chunk size, or raise the peer's limit."),
        [DfssErrorCode.UnknownOperation] = (ErrorCategory.NotImplemented, "Update the peer."),
        [DfssErrorCode.InvalidArgument] = (ErrorCategory.InvalidArgument, "Correct the argument that the message names."),
        [DfssErrorCode.PeerUnreachable] = (
            ErrorCategory.ConnectionError, "Check the address, that the peer runs (Start-DfssPeer), and that no firewall is between."),
        [DfssErrorCode.TimedOut] = (ErrorCategory.OperationTimeout, "Run the command again; if it goes on, look at the peer's load and at the network."),
        [DfssErrorCode.PeerBusy] = (ErrorCategory.ResourceBusy, "Wait a moment and run the command again."),
        [DfssErrorCode.NotADfssPeer] = (ErrorCategory.ConnectionError, "Check the port: something other than a DFSS peer listens there."),
        [DfssErrorCode.PeerFault] = (ErrorCategory.DeviceError, "Look into the peer's log, then run the command again."),
        [DfssErrorCode.FileNotFound] = (ErrorCategory.ObjectNotFound, "List what is stored with Get-DfssFileInfo; names are case-sensitive."),
        [DfssErrorCode.FileExists] = (ErrorCategory.ResourceExists, "Give another -Name, or -Force to replace the stored file."),
        [DfssErrorCode.Conflict] = (ErrorCategory.ResourceBusy, "See who else writes this name, then run the command again."),
        [DfssErrorCode.CommitUncertain] = (ErrorCategory.ResourceUnavailable, "Run the same command again: it settles what happened."),
        [DfssErrorCode.NoMajority] = (ErrorCategory.ResourceUnavailable, "Start more of the peers that hold this name, then run the command again."),
        [DfssErrorCode.InvalidName] = (ErrorCategory.InvalidArgument, "Give a name that the rule allows with -Name."),
        [DfssErrorCode.FileChanged] = (ErrorCategory.ResourceUnavailable, "Run the command again to get the file's new version."),
        [DfssErrorCode.ChunkNotFound] = (ErrorCategory.ResourceUnavailable, "Start the peers that hold the file, or send it again."),
        [DfssErrorCode.ChunkCorrupt] = (
            ErrorCategory.InvalidData, "Send the file again from a good copy, and check the disk of the peer that the message names."),
        [DfssErrorCode.StoreFull] = (ErrorCategory.LimitsExceeded, "Free some space at the peer, then run the command again."),
        [DfssErrorCode.StoreFailed] = (ErrorCategory.WriteError, "Check the disk of the peer that the message names, and restart the peer."),
        [DfssErrorCode.StoreInUse] = (ErrorCategory.ResourceBusy, "Stop the other peer, or use another -StorePath."),
        [DfssErrorCode.StoreFormat] = (ErrorCategory.InvalidData, "Use a newer DFSS, or another -StorePath."),
        [DfssErrorCode.StoreNotSupported] = (ErrorCategory.InvalidOperation, "Put the store on a local disk."),
        [DfssErrorCode.SourceChanged] = (ErrorCategory.ResourceBusy, "Run the command again when nobody writes the file."),
        [DfssErrorCode.SourceUnreadable] = (ErrorCategory.ReadError, "Check that the file exists, is a regular file, and may be read."),
        [DfssErrorCode.DestinationExists] = (ErrorCategory.ResourceExists, "Give another -Destination, or -Force to replace the file there."),
        [DfssErrorCode.DestinationUnwritable] = (ErrorCategory.WriteError, "Check that the folder exists, may be written, and has space."),
        [DfssErrorCode.FileTooLarge] = (ErrorCategory.LimitsExceeded, "Split the file: 8 TiB is the most."),
        [DfssErrorCode.AddressUnavailable] = (ErrorCategory.ResourceUnavailable, "Use another -Port (0 takes any free one) or another -Address."),
    };

    /// <summary>The error record of a failure of Core.</summary>
    internal static ErrorRecord Create(DfssException exception, object? target)
    {
        (ErrorCategory category, string action) = Table[exception.Code];
        return new ErrorRecord(exception, exception.Code.ToString(), category, target)
        {
            ErrorDetails = new ErrorDetails(exception.Message) { RecommendedAction = action },
        };
    }

    /// <summary>An error of the cmdlets' own.</summary>
    internal static ErrorRecord Create(
        string id, ErrorCategory category, object? target, string message, string action, Exception? innerException = null) =>
        new(new InvalidOperationException(message, innerException), id, category, target)
        {
            ErrorDetails = new ErrorDetails(message) { RecommendedAction = action },
        };

    /// <summary>Whether no further input can succeed either: the peers themselves cannot be spoken with.</summary>
    internal static bool IsAboutThePeers(DfssErrorCode code) =>
        code is DfssErrorCode.PeerUnreachable or DfssErrorCode.NotADfssPeer or DfssErrorCode.VersionNotSupported;
}
