using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>Ends a cmdlet's body, or a call of the engine to a drive, with a terminating error.</summary>
internal sealed class CmdletException(ErrorRecord error)
    : Exception(error.Exception.Message, error.Exception), IContainsErrorRecord
{
    ErrorRecord IContainsErrorRecord.ErrorRecord => Error;

    /// <summary>The error that the cmdlet ends with.</summary>
    internal ErrorRecord Error => error;
}
