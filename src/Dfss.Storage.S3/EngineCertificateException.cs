using System.Security.Authentication;

namespace Dfss.Storage.S3;

/// <summary>The certificate of an engine is refused: the connection is not made, and nothing was sent.</summary>
/// <param name="shown">What the engine shows and what is wrong with it; follows "The engine ...".</param>
/// <param name="advice">What the user can do.</param>
internal sealed class EngineCertificateException(string shown, string advice) : AuthenticationException(shown)
{
    /// <summary>What the user can do.</summary>
    public string Advice { get; } = advice;

    /// <summary>The refusal that a failure is about; null for none.</summary>
    public static EngineCertificateException? Find(Exception? failure)
    {
        for (; failure is not null; failure = failure.InnerException)
        {
            if (failure is EngineCertificateException found)
            {
                return found;
            }
        }

        return null;
    }
}
