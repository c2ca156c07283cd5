# Brings the types file in, after the cmdlets (Dfss.psm1 says why). Only Dfss.psm1 imports this.
@{
    ModuleVersion     = '1.0'
    GUID              = 'f1d0c5a7-9d0b-4c1c-8f0e-5b8f0a0f6c52'
    PowerShellVersion = '7.6'
    TypesToProcess    = @('Dfss.Types.ps1xml')
    FunctionsToExport = @()
    CmdletsToExport   = @()
    VariablesToExport = @()
    AliasesToExport   = @()
}
