using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>Ends a cmdlet's body with a terminating error.</summary>
internal sealed class CmdletException(ErrorRecord error) : Exception(error.Exception.Message, error.Exception)
{
    /// <summary>The error that the cmdlet ends with.</summary>
    internal ErrorRecord Error => error;
}
