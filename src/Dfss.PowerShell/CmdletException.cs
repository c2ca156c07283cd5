using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>Ends a cmdlet's body, or a call of the engine to a drive, with a terminating error.</summary>
internal sealed class CmdletException(ErrorRecord error)
    : Exception(error.Exception.Message, error.Exception), IContainsErrorRecord
{
    ErrorRecord IContainsErrorRecord.ErrorRecord => Error;

    /// <summary>The error that the cmdlet ends with.</summary>
    internal ErrorRecord Error => error;

    /// <summary>The same, with one more sentence in its message.</summary>
    internal CmdletException With(string sentence)
    {
        var longer = new ErrorRecord(error.Exception, error.FullyQualifiedErrorId, error.CategoryInfo.Category,
            error.TargetObject)
        {
            ErrorDetails = new ErrorDetails($"{error.ErrorDetails?.Message ?? error.Exception.Message} {sentence}")
            {
                RecommendedAction = error.ErrorDetails?.RecommendedAction,
            },
        };
        return new CmdletException(longer);
    }
}
