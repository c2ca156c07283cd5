@{
    RootModule           = 'Dfss.psm1'
    ModuleVersion        = '0.1.0'
    GUID                 = '7c5f3d52-6f0b-4c5e-9a1e-2f6d0f6f8a41'
    Author               = 'The DFSS authors'
    CompanyName          = 'The DFSS authors'
    Copyright            = 'Copyright (c) 2026 The DFSS authors. MIT License.'
    Description          = 'A distributed file store: files in verified chunks, on one or many peers, in parallel.'
    PowerShellVersion    = '7.6'
    CompatiblePSEditions = @('Core')
    FormatsToProcess     = @('Dfss.Format.ps1xml')
    FunctionsToExport    = @()
    CmdletsToExport      = @(
        'Add-DfssFileRecipient'
        'Compare-DfssFile'
        'Copy-DfssFile'
        'Copy-DfssItem'
        'Get-DfssCertificate'
        'Get-DfssCluster'
        'Get-DfssContent'
        'Get-DfssFileInfo'
        'Get-DfssHealth'
        'Get-DfssPeer'
        'Get-DfssTransfer'
        'Join-DfssCluster'
        'New-DfssCluster'
        'New-DfssEncryptionKey'
        'New-DfssInvitation'
        'New-DfssTestCluster'
        'Open-DfssFile'
        'Optimize-DfssStore'
        'Receive-DfssFile'
        'Remove-DfssCluster'
        'Remove-DfssFile'
        'Remove-DfssFileRecipient'
        'Remove-DfssTestCluster'
        'Rename-DfssFile'
        'Repair-DfssFile'
        'Restore-DfssFile'
        'Resume-DfssTransfer'
        'Revoke-DfssCertificate'
        'Send-DfssFile'
        'Set-DfssContent'
        'Set-DfssTransfer'
        'Start-DfssPeer'
        'Stop-DfssPeer'
        'Stop-DfssTransfer'
        'Suspend-DfssTransfer'
        'Test-DfssFile'
    )
    VariablesToExport    = @()
    AliasesToExport      = @()
    PrivateData          = @{
        PSData = @{
            Tags = @('PSEdition_Core', 'Windows', 'Linux', 'MacOS', 'File', 'Transfer', 'Storage', 'Distributed')
            LicenseUri = 'https://opensource.org/license/mit'
            ReleaseNotes = '0.1.0: the first version. Verified chunks, on one or many peers, in parallel.'
        }
    }
}
