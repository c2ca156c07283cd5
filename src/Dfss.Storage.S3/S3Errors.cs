using System.Net;
using System.Xml;
using Amazon.Runtime;

namespace Dfss.Storage.S3;

/// <summary>What an engine's failures mean to a caller.</summary>
internal static class S3Errors
{
    /// <summary>Whether a request failed, in a way that the engine or the way to it is answerable for. An answer that
    /// the SDK cannot read is one of them. Whatever fails in a request that its caller has cancelled says nothing of
    /// the engine.</summary>
    public static bool IsOfEngine(Exception exception, CancellationToken cancellationToken) =>
        !cancellationToken.IsCancellationRequested && exception is OperationCanceledException
            or AmazonServiceException or AmazonClientException or HttpRequestException or IOException
            or FormatException or XmlException;

    /// <summary>Whether a request failed that its caller has cancelled, in another way than by a
    /// cancellation.</summary>
    public static bool IsOfCancelled(Exception exception, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested && exception is not OperationCanceledException;

    /// <summary>The cancellation of a request.</summary>
    public static OperationCanceledException Cancelled(Exception exception, CancellationToken cancellationToken) =>
        new("The request to the engine was cancelled.", exception, cancellationToken);

    /// <summary>
    /// Whether the engine has refused a request, so that it is certain not to be carried out: an answer of 4xx. Not
    /// 408 and 409, which say nothing, nor 429, after which the same request may succeed. And a request was not sent
    /// whose connection was refused here, for the engine's certificate.
    /// </summary>
    public static bool IsRefusal(Exception exception) =>
        EngineCertificateException.Find(exception) is not null || exception is AmazonServiceException answer
            && answer.StatusCode is >= HttpStatusCode.BadRequest and < (HttpStatusCode)500
            && answer.StatusCode is not (HttpStatusCode.RequestTimeout or HttpStatusCode.Conflict
                or HttpStatusCode.TooManyRequests);

    /// <summary>The caller's error. It has no header of the request, and so no credentials.</summary>
    public static DfssException Of(Exception exception, S3Address address, string request)
    {
        AmazonServiceException? answer = exception as AmazonServiceException;
        EngineCertificateException? refused = EngineCertificateException.Find(exception);
        bool isFull = IsOfQuota(answer) || answer?.ErrorCode is "InsufficientStorage" or "EntityTooLarge"
            || answer?.StatusCode == HttpStatusCode.InsufficientStorage;
        return new DfssException(
            isFull ? DfssErrorCode.StoreFull : DfssErrorCode.StoreFailed,
            $"The engine of the store '{address}' {Tell(exception)} The request was {request}.",
            refused?.Advice ?? Advise(answer, isFull),
            exception)
        {
            // Not other refusals: the SDK renews credentials and corrects its clock between two attempts.
            IsLasting = refused is not null,
        };
    }

    /// <summary>An answer that is not what was asked for.</summary>
    public static DfssException Broken(S3Address address, string what) => new(
        DfssErrorCode.StoreFailed, $"The engine of the store '{address}' gave a wrong answer: {what}",
        "Check the engine and what lies on the way to it.");

    private static bool IsOfQuota(AmazonServiceException? answer) => answer?.ErrorCode == "QuotaExceeded";

    private static string Tell(Exception exception) => exception switch
    {
        AmazonServiceException answer when IsOfQuota(answer) =>
            $"has reached the quota of the bucket, or of the bucket's owner: it answered {(int)answer.StatusCode} "
                + $"{answer.ErrorCode}.",
        AmazonServiceException { StatusCode: not 0 } answer =>
            $"answered {(int)answer.StatusCode} {answer.ErrorCode}: {answer.Message}",
        OperationCanceledException => FormattableString.Invariant(
            $"gave no answer: for {EngineRequest.StallLimit.TotalSeconds:0} s nothing, or too little, came or went."),
        FormatException or XmlException => $"gave a wrong answer: {exception.Message}",
        _ when EngineCertificateException.Find(exception) is { } refused => $"{refused.Message}.",
        _ => $"gave no answer: {(exception.InnerException ?? exception).Message}",
    };

    private static string Advise(AmazonServiceException? answer, bool isFull) => answer?.StatusCode switch
    {
        _ when IsOfQuota(answer) =>
            "Raise the quota at the engine. Removing files needs some space there too, and gives space back only after "
                + "a collection.",
        _ when answer?.ErrorCode == "EntityTooLarge" =>
            "The engine takes no object of this length: raise its limit. If it is a chunk, send with a smaller "
                + "-ChunkSize.",
        _ when isFull => "Add space to the engine.",
        HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized =>
            "Check the credentials, and that they may get, put, list and delete in this bucket.",
        HttpStatusCode.NotFound => "Check that the bucket exists.",
        _ => "Check that the engine is up and can be reached, then try again.",
    };
}
